"""What may be wrong or double among submissions: pure rules that take values and return evidence, never a verdict."""
