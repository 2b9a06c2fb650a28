"""The page and the interface for programs: answered on a thread that the loop never waits for."""
