"""Who calls and what each may do: principals, their tokens and other credentials, roles and permissions."""
