"""Pictures: graphs, networks, steps and plots; text where there is no screen."""
