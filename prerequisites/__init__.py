"""What has to be given before the first deployment to Azure, and the checks of whether it was."""
