"""What one deployment chooses: settings, database handle, blob storage, logging, the base of pages."""
