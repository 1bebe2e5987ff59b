"""What each music model can do: one file a provider."""
