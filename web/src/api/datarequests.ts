/** Written requests of other agencies for footage. */
import { done, http } from "./client";
import type { DataRequest, DataRequestWrite } from "./types";

export const dataRequests = async (signal?: AbortSignal) =>
  (await done<{ data_requests: DataRequest[] }>(http.GET("/api/v1/data-requests", { signal }))).data_requests;

export const registerDataRequest = (body: DataRequestWrite) =>
  done<DataRequest>(http.POST("/api/v1/data-requests", { body }));

export const decideDataRequest = (id: string, approved: boolean, note: string) =>
  done<DataRequest>(
    http.POST("/api/v1/data-requests/{id}/decision", { params: { path: { id } }, body: { approved, note } }),
  );

export const receiveDataRequest = (id: string, received_by: string) =>
  done<DataRequest>(
    http.POST("/api/v1/data-requests/{id}/receipt", { params: { path: { id } }, body: { received_by } }),
  );
