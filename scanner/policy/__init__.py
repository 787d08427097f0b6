"""Rules of Azure Policy: which resources the conditions in them hold for."""
