/** @type {Map<string, Promise<void>>} */
const loading = new Map();

/**
 * Loads a script that is no module, once. Rejects when the server does not have it.
 * @param {string} path
 * @returns {Promise<void>}
 */
export function loadScript(path) {
  const known = loading.get(path);
  if (known !== undefined) return known;
  const script = document.createElement("script");
  script.src = path;
  const done = /** @type {Promise<void>} */ (
    new Promise((resolve, reject) => {
      script.onload = () => resolve();
      script.onerror = () => {
        loading.delete(path);
        reject(new Error(`${path} could not be loaded`));
      };
    })
  );
  loading.set(path, done);
  document.head.append(script);
  return done;
}
