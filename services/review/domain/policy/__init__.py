"""Which changes need approvals before they are applied, and whose: rules as data, and what is made of them; pure."""
