// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {LeaseMarket} from "../../src/LeaseMarket.sol";
import {IFunder} from "../../src/interfaces/IFunder.sol";
import {Offer, Order, Terms} from "../../src/interfaces/ILeaseMarket.sol";

/// @dev Restricted credit as a later programme would hold it: grants by reference, each with a highest rate and,
/// optionally, one client; money is moved into the market's reference when a grant is made.
contract GrantFunder is IFunder {
    LeaseMarket internal immutable MARKET;
    mapping(bytes32 ref => uint96) public maxRate;
    mapping(bytes32 ref => address) public onlyClient;
    bool public asked;

    constructor(LeaseMarket market) {
        MARKET = market;
    }

    function grant(bytes32 ref, address token, uint128 amount) external {
        MARKET.fundRef(ref, token, amount);
    }

    function restrict(bytes32 ref, uint96 rate, address client) external {
        maxRate[ref] = rate;
        onlyClient[ref] = client;
    }

    function takeBack(bytes32 ref, address token, uint128 amount, address to) external {
        MARKET.unfundRef(ref, token, amount);
        MARKET.withdraw(token, to, amount);
    }

    function extend(Terms calldata terms, uint32 addSeconds) external {
        MARKET.topUp(terms, addSeconds, "");
    }

    function authorize(Order calldata order, Offer calldata, uint96 rate, uint128) external returns (bytes4) {
        require(msg.sender == address(MARKET), "not the market");
        asked = true;
        bytes32 ref = order.fundingRef;
        bool fits = (maxRate[ref] == 0 || rate <= maxRate[ref])
            && (onlyClient[ref] == address(0) || order.client == onlyClient[ref]);
        return fits ? IFunder.authorize.selector : bytes4(0);
    }
}

/// @dev Agrees, and remembers what it was asked.
contract RememberingFunder is IFunder {
    LeaseMarket internal immutable MARKET;
    bytes32 public asked;

    constructor(LeaseMarket market) {
        MARKET = market;
    }

    function fund(bytes32 ref, address token, uint128 amount) external {
        MARKET.fundRef(ref, token, amount);
    }

    function authorize(Order calldata, Offer calldata, uint96, uint128) external returns (bytes4) {
        asked = keccak256(msg.data);
        return IFunder.authorize.selector;
    }
}

/// @dev Brings the money at the last moment: from its own cash into the reference, while the market asks.
contract JustInTimeFunder is IFunder {
    LeaseMarket internal immutable MARKET;

    constructor(LeaseMarket market) {
        MARKET = market;
    }

    function authorize(Order calldata order, Offer calldata, uint96, uint128 escrow) external returns (bytes4) {
        MARKET.fundRef(order.fundingRef, order.token, escrow);
        return IFunder.authorize.selector;
    }
}

/// @dev Does something else with the market while it is asked, and keeps the answer.
contract MeddlingFunder is IFunder {
    address internal immutable MARKET;
    bytes private _data;
    bool public succeeded;

    constructor(address market) {
        MARKET = market;
    }

    function meddle(bytes calldata data) external {
        _data = data;
    }

    function authorize(Order calldata, Offer calldata, uint96, uint128) external returns (bytes4) {
        bytes memory data = _data;
        delete _data;
        if (data.length != 0) (succeeded, ) = MARKET.call(data);
        return IFunder.authorize.selector;
    }
}
