"""Things to try GracefulService with: a sample service, a load client, a demonstration."""
