"""Pictures of digits made up on the spot, and the glyphs that the device makes of them.

A **scene** is drawn (:mod:`lettering <tinydigits_train.synthetic.lettering>` on a
:mod:`sheet <tinydigits_train.synthetic.sheet>`), photographed
(:mod:`camera <tinydigits_train.synthetic.camera>`) and then looked at with the device's own steps
(:mod:`harvest <tinydigits_train.synthetic.harvest>`): what the device takes for a digit and is one
becomes a glyph with that label, what is none becomes a glyph of the class ``none``.
"""
