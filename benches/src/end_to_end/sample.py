# What the vendor's guide shows, in a loop: a new connection for each call, the document as text inside of JSON.
#
# Reads how many jobs to perform and how many at once, a line for each time; answers with the CPU time they took, in seconds.
import base64
import json
import sys
import time
from concurrent.futures import ThreadPoolExecutor

import requests

base, file_name, document_type = sys.argv[1:4]
document = open(sys.argv[4], "rb").read()
headers = {"Accept": "application/json", "Content-Type": "application/json", "Authorization": "Token key"}


def job(_):
    payload = {
        "file": base64.b64encode(document).decode("utf-8"),
        "file_name": file_name,
        "document_type_name": document_type,
    }
    response = requests.request("POST", base + "/api/extract-data-async", data=json.dumps(payload), headers=headers)
    extraction_id = response.json()["extraction_id"]
    while True:
        url = base + "/api/get-extraction-data?extraction_id=" + extraction_id
        answer = requests.request("GET", url, headers=headers).json()
        if answer["status"] != "IN_PROGRESS":
            break
    total = [field for field in answer["result"]["extracted_fields"] if field["name"] == "total_amount"]
    assert total[0]["values"][0]["value"] == "12758.0200"


print("ready", flush=True)
for line in sys.stdin:
    jobs, at_once = map(int, line.split())
    start = time.process_time()
    if at_once == 1:
        list(map(job, range(jobs)))
    else:
        with ThreadPoolExecutor(at_once) as pool:
            list(pool.map(job, range(jobs)))
    print(time.process_time() - start, flush=True)
