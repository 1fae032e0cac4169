/** What a bridge with a way to vaults adds: KEKs from there, imports to there. */
import '../parts/import-now';
import '../parts/vault-keks';
