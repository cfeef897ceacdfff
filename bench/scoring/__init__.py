"""How good the scores are: our figures beside published and measured ones, with tolerances."""
