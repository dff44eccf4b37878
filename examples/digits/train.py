"""Trains a small neural network on handwritten digits and measures it on digits it has not seen.

    python3 train.py digits.csv

Writes the network (model.npz) and what was measured (metrics.json) into the job's outputs folder.
"""
import json
import os
import sys
import time

import numpy as np
from sklearn.metrics import accuracy_score
from sklearn.model_selection import train_test_split
from sklearn.neural_network import MLPClassifier

EPOCHS = 30
SEED = 7

started = time.time()
outputs = os.environ.get("COREPOOL_OUTPUTS", "outputs")
os.makedirs(outputs, exist_ok=True)

table = np.loadtxt(sys.argv[1], delimiter=",")
pixels, labels = table[:, :-1] / 16.0, table[:, -1].astype(int)
train_x, test_x, train_y, test_y = train_test_split(pixels, labels, test_size=0.25, random_state=SEED, stratify=labels)
print(f"{len(labels)} digits: {len(train_y)} to learn from, {len(test_y)} held out", flush=True)

model = MLPClassifier(hidden_layer_sizes=(64,), learning_rate_init=0.005, random_state=SEED)
for epoch in range(1, EPOCHS + 1):
    model.partial_fit(train_x, train_y, classes=np.arange(10))
    if epoch % 3 == 0:
        print(f"epoch {epoch:2d}/{EPOCHS}  loss {model.loss_:.4f}  accuracy in training {model.score(train_x, train_y):.4f}", flush=True)

accuracy = accuracy_score(test_y, model.predict(test_x))
print(f"accuracy on the held-out digits: {accuracy:.4f}", flush=True)

weights = {f"weights_{i}": w for i, w in enumerate(model.coefs_)}
biases = {f"biases_{i}": b for i, b in enumerate(model.intercepts_)}
np.savez(os.path.join(outputs, "model.npz"), **weights, **biases)
metrics = {
    "held_out_accuracy": round(float(accuracy), 4),
    "held_out_digits": len(test_y),
    "training_digits": len(train_y),
    "epochs": EPOCHS,
    "training_loss": round(float(model.loss_), 6),
    "seconds": round(time.time() - started, 2),
}
with open(os.path.join(outputs, "metrics.json"), "w") as file:
    json.dump(metrics, file, indent=2)
