"""Those who follow the published pages by e-mail, at work: what is due to them, letters that ask, what comes back."""
