"""Folding a whole ledger anew and comparing it, here or in several processes."""
