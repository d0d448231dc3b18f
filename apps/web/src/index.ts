export { ASSET_PREFIX, type Asset, loadAssets } from "./assets.ts";
export { EMBED_POLICY, INDEX_POLICY, PAGE_TYPE, renderEmbed, renderIndex } from "./pages.ts";
