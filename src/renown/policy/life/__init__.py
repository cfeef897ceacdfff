"""What lasts besides scores: tiers, badges, statuses, alerts."""
