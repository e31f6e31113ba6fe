from tests.installation import *
def test_a(relais):
    i=new_id()
    r=relais.post(instance(i)); assert r.status_code==201, r.data
    r=relais.post(instance(i)); assert r.status_code==201, r.data
    j=new_id()
    assert relais.post(instance(new_id(),deprecated_id=j)).status_code==202
    assert relais.post(instance(j)).status_code==201
    assert relais.post(instance(j,name='B',photo='x.jpg'),{'x.jpg':b'1'}).status_code==202
    print(relais.statuses())
    with relais.client.get("/v1/projects/1/forms/household/submissions.csv.zip",headers=relais.admin) as r: assert r.status_code==200
    from collector.check import check_everything
    r=check_everything(relais.services); assert not r.faults, r
    from config.schema import differences
    with relais.services.database.engine.connect() as c: differences(c)
