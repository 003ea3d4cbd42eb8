"""An analysis put into words by code: typed claims that cite their evidence, in the order in which to read them."""
