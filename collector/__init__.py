"""The conversation with phones, and what becomes of a submission: intake, review, exports."""
