"""The use cases of the AI service: they know no transport and no SQL."""
