"""Measures the validator: mutations of true claims, held-out paraphrases, and what each rule contributes."""
