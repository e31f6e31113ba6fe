"""The worker that follows the event log, and jobs on a clock."""
