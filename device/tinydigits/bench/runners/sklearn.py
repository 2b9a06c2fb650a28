"""The linear model as scikit-learn's estimator, from whose kind it came."""

from __future__ import annotations

import numpy as np

from tinydigits.bench.linear import Linear
from tinydigits.bench.systems import Classify
from tinydigits.classifier import Glyphs, Probabilities


def open_glyphs(model: bytes) -> Classify:
    """A logistic regression that was not fitted, but given the weights of the file."""
    from sklearn.linear_model import LogisticRegression

    threshold, weights, intercept = Linear.of(model)
    estimator = LogisticRegression()
    estimator.classes_ = np.arange(len(intercept))
    estimator.n_features_in_ = len(weights)
    estimator.coef_, estimator.intercept_ = weights.T, intercept

    def classify(glyphs: Glyphs) -> Probabilities:
        bits = (glyphs >= threshold).reshape(len(glyphs), -1).astype(np.float32)
        return np.asarray(estimator.predict_proba(bits), np.float32)

    return classify
