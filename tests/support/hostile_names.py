"""A folder's name of which a shell, and scp before OpenSSH 9, would run or take apart something."""

TOUCHED = "tilewright-touched"
HOSTILE = f"-tile wright $(touch {TOUCHED}) `touch {TOUCHED}` ;touch {TOUCHED}; '\"ü&*"
