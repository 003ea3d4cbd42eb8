"""The OpenAPI document, made of the contracts: their fields, bounds and comments, and the table of routes."""
