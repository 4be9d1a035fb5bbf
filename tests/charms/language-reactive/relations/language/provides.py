"""The interface `language`, which is the same on both of its ends."""

from charms.reactive import Endpoint


class Language(Endpoint):
    def tell(self, language):
        for relation in self.relations:
            relation.to_publish_raw["language"] = language

    def heard(self):
        told = (unit.received_raw.get("language") for unit in self.all_joined_units)
        return {language for language in told if language}
