"""Pull points of a simulated device."""

import asyncio

import pytest

from tests.simulator.faults import Faults
from tests.simulator.spec import CameraSpec, NvrSpec
from tests.simulator_tests.soap_client import Answer, SoapClient, talking_to

pytestmark = pytest.mark.usefixtures("socket_enabled")


def _spec(**faults: object) -> NvrSpec:
    return NvrSpec("Door", (CameraSpec("Door"),), faults=Faults(**faults))


async def _subscribe(client: SoapClient, inner: str = "") -> Answer:
    return await client.call(
        f"<tev:CreatePullPointSubscription>{inner}</tev:CreatePullPointSubscription>"
    )


async def _pull(client: SoapClient, address: str, timeout: str = "PT1S") -> Answer:
    return await client.call(
        f"<tev:PullMessages><tev:Timeout>{timeout}</tev:Timeout>"
        "<tev:MessageLimit>10</tev:MessageLimit></tev:PullMessages>",
        path=address,
    )


async def test_messages_wait_for_the_next_pull() -> None:
    """Kind, source and state arrive; then nothing more."""
    async with talking_to(_spec()) as client:
        address = (await _subscribe(client)).one("wsa:Address")
        assert client.nvr.notify({"kind": "person", "camera": "Door"}) == 1
        answer = await _pull(client, address)
        empty = await _pull(client, address, "PT0.01S")
    assert answer.one("wsnt:Topic") == "tns1:RuleEngine/MyRuleDetector/PeopleDetect"
    assert 'Value="VideoSource_1"' in answer.text
    assert 'Name="State" Value="true"' in answer.text
    assert empty.all("wsnt:Topic") == []


async def test_pull_returns_as_soon_as_something_happens() -> None:
    """Long polling: no answer before, at once after."""
    async with talking_to(_spec()) as client:
        address = (await _subscribe(client)).one("wsa:Address")
        task = asyncio.create_task(_pull(client, address, "PT30S"))
        await asyncio.sleep(0.05)
        assert not task.done()
        client.nvr.notify({"kind": "motion", "active": False})
        answer = await asyncio.wait_for(task, 2)
    assert 'Name="IsMotion" Value="false"' in answer.text


async def test_filter_and_initial_states() -> None:
    """Only the topic asked for; states that exist come first as Initialized."""
    wanted = (
        "<tev:Filter><wsnt:TopicExpression Dialect="
        '"http://www.onvif.org/ver10/tev/topicExpression/ConcreteSet">'
        "tns1:RuleEngine//.</wsnt:TopicExpression></tev:Filter>"
        "<tev:InitialTerminationTime>PT60S</tev:InitialTerminationTime>"
    )
    async with talking_to(_spec()) as client:
        client.nvr.notify({"kind": "vehicle"})
        client.nvr.notify({"kind": "recording"})
        address = (await _subscribe(client, wanted)).one("wsa:Address")
        first = await _pull(client, address)
        await client.call("<tev:SetSynchronizationPoint/>", path=address)
        again = await _pull(client, address)
    assert first.all("wsnt:Topic") == again.all("wsnt:Topic")
    assert first.one("wsnt:Topic") == "tns1:RuleEngine/MyRuleDetector/VehicleDetect"
    assert 'PropertyOperation="Initialized"' in first.text


async def test_subscriptions_end() -> None:
    """By the time Renew set, by Unsubscribe, by a reboot."""
    async with talking_to(_spec()) as client:
        renewed, left, kept = [
            (await _subscribe(client)).one("wsa:Address") for _ in range(3)
        ]
        renewal = await client.call(
            "<wsnt:Renew><wsnt:TerminationTime>PT0.02S</wsnt:TerminationTime>"
            "</wsnt:Renew>",
            path=renewed,
        )
        assert renewal.status == 200
        await asyncio.sleep(0.05)
        gone = await _pull(client, renewed, "PT0.01S")
        assert gone.subcodes == ["ter:InvalidArgVal", "ter:InvalidSubscription"]
        await client.call("<wsnt:Unsubscribe/>", path=left)
        assert (await _pull(client, left, "PT0.01S")).status == 400
        assert (await _pull(client, kept, "PT0.01S")).status == 200
        await client.nvr.reboot(0)
        assert (await _pull(client, kept, "PT0.01S")).status == 400


async def test_pull_points_are_few() -> None:
    """One more is a fault."""
    async with talking_to(_spec(max_pull_points=1)) as client:
        assert (await _subscribe(client)).status == 200
        more = await _subscribe(client)
    assert more.subcodes == ["ter:Action", "ter:MaxSubscriptionsReached"]
