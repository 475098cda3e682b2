"""ResumeLabeler, on a checkpoint as train.py writes it."""

import numpy as np
import pytest
import torch

from resumebert.inference.labeler import ResumeLabeler
