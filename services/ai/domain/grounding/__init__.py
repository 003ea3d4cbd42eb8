"""Whether what a provider says is borne by the evidence, claim by claim; what is not is dropped."""
