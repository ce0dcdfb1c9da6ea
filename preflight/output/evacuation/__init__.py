"""An evacuation: its plan before anything is moved, and its ledger afterwards."""
