"""What an administrator gives: resource groups, the state's place, and the identities with their trusts and roles."""
