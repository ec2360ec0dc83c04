"""Pipeline jobs: commands that run one after the other, each in its environment."""
