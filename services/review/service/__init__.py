"""The use cases of review: they know no transport and no SQL."""
