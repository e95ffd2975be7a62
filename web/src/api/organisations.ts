/** The bodies that own sites, and the sites: the acts of administrators; the lists are anybody's. */
import { done, http } from "./client";
import type { Organisation, OrganisationPatch, OrganisationWrite, SiteDetail, SitePatch, SiteWrite } from "./types";

export const organisations = async (signal?: AbortSignal) =>
  (await done<{ organisations: Organisation[] }>(http.GET("/api/v1/organisations", { signal }))).organisations;

export const addOrganisation = (body: OrganisationWrite) =>
  done<Organisation>(http.POST("/api/v1/organisations", { body }));

export const changeOrganisation = (id: string, body: OrganisationPatch) =>
  done<Organisation>(http.PATCH("/api/v1/organisations/{id}", { params: { path: { id } }, body }));

export const sites = async (signal?: AbortSignal) =>
  (await done<{ sites: SiteDetail[] }>(http.GET("/api/v1/sites", { signal }))).sites;

export const addSite = (body: SiteWrite) => done<SiteDetail>(http.POST("/api/v1/sites", { body }));

export const changeSite = (id: string, body: SitePatch) =>
  done<SiteDetail>(http.PATCH("/api/v1/sites/{id}", { params: { path: { id } }, body }));
