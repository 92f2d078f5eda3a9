/** Pages of Home Assistant that ours lead to. */

export const ADD_PATH = "/config/integrations/dashboard/add?domain=vtrack_nvr";
export const INTEGRATION_PATH = "/config/integrations/integration/vtrack_nvr";
export const REPAIRS_PATH = "/config/repairs";
export const HELPERS_PATH = "/config/helpers";
export const ADD_SCHEDULE_PATH = "/config/helpers/add?domain=schedule";
export const NETWORK_STORAGE_PATH = "/config/storage";
