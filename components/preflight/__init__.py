"""What is asked of Azure before anything is made."""
