"""People and interviews that do not exist, for the measurements of matching: known truth, fixed seeds."""
