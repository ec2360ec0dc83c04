"""The ARM types that several parts of the sandbox use, in the services' case."""

STORAGE_ACCOUNT = "Microsoft.Storage/storageAccounts"
BLOB_CONTAINER = f"{STORAGE_ACCOUNT}/blobServices/containers"
VAULT = "Microsoft.KeyVault/vaults"
REGISTRY = "Microsoft.ContainerRegistry/registries"
INSIGHTS = "Microsoft.Insights/components"
WORKSPACE = "Microsoft.MachineLearningServices/workspaces"
"""Of machine learning."""
