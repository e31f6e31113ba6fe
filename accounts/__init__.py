"""Who may do what, where: projects, web users, app users, roles, sessions, the event log."""
