"""The rules of grounding, a file for each family; each yields what breaks it, with paths from the claim."""
