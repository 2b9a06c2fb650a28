"""How the running daemon is: counted in it, told on a socket, shown by ``tinydigits status``."""
