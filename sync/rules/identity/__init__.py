"""Do two submissions speak of one person, household or place? Names, comparison levels, keys, weights and their learning."""
