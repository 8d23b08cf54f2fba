"""What owners' ratings are worth when times are ranked: a mean that few reviews move little, in seconds of time."""

from aftersales.workshop.workshops import Workshop

# A workshop counts as if it had ten more reviews of four stars: one of five stars makes 4.1, a hundred of 4.8 make 4.7.
PRIOR_STARS, PRIOR_REVIEWS = 4.0, 10
# A star is worth a quarter of an hour: it decides between times that are about the same, and never moves one by a day.
STAR_S = 900.0


def bayesian_mean(stars: int, reviews: int) -> float:
    """Give the mean of so many reviews with so many stars in all, drawn towards `PRIOR_STARS`."""
    return (PRIOR_STARS * PRIOR_REVIEWS + stars) / (PRIOR_REVIEWS + reviews)


def handicap_s(workshop: Workshop) -> float:
    """Give the seconds by which a workshop's times rank later; below 0 for one that is rated better than most."""
    return STAR_S * (PRIOR_STARS - bayesian_mean(workshop.stars, workshop.reviews))
