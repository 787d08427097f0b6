"""The only code that speaks HTTP to Azure: clouds, sign-in, throttling, paging."""
