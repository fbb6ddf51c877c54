/** Images: what the OpenAPI document says of them. */

import { ImageList, ImageWork, RemovedImage } from "@alcove/api";

import { json, type Operations } from "../operation.ts";

export const imageOperations: Operations = {
  "GET /images": {
    id: "listImages",
    summary: "Images and kernels of this host, what can be made here, and what is being made",
    answers: { 200: json(ImageList, "What there is, and what is under way") },
    refusals: [],
  },
  "POST /images": {
    id: "makeImage",
    summary: "Build an image or kernel by its recipe, or import a disk, in the background",
    description:
      "Works are done one at a time, in their order. A disk to import must lie in the directory that `GET /v1/images` names, where only the host's administrator can put it; paths are not taken.",
    answers: { 202: json(ImageWork, "It is under way, or waits for its turn") },
    refusals: [400, 404, 409, 501],
  },
  "DELETE /images/:reference": {
    id: "removeImage",
    summary: "Remove an image or kernel that nobody needs, by its name or id",
    answers: { 200: json(RemovedImage, "What is gone, and what the disk has back") },
    refusals: [400, 404, 409, 501],
  },
  "DELETE /images/works/:id": {
    id: "cancelImageWork",
    summary: "Cancel the making of an image; forget one that has ended",
    description: "One that is under way ends soon after: `GET /v1/images` says when.",
    answers: { 200: json(ImageWork, "As it is now") },
    refusals: [404, 501],
  },
};
