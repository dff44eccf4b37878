// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

/// @dev I6 of counters: what cancelAll voided stays void in every listed token, also in one listed later.
contract CountersModel {
    uint256 private first = 1; // the account's counter in a token
    uint256 private second = 1; // in another
    bool private listed; // the second token
    uint256 private voided; // ghost: everything signed up to this counter is void, in the first token
    uint256 private voidedSecond; // ghost: in the second
    bool private revived; // ghost: something void opened a lease

    function voidStaysVoid() external view {
        assert(!revived);
    }

    function listToken() external {
        listed = true;
    }

    function open(uint256 counter, bool inFirst) external {
        require(inFirst || listed);
        require(counter == (inFirst ? first : second));
        if (counter <= (inFirst ? voided : voidedSecond)) revived = true;
    }

    function cancelAll() external {
        uint256 next = first;
        if (listed && second > next) next = second;
        ++next; // seeded counter-stays:
        if (first > voided) voided = first;
        if (listed && second > voidedSecond) voidedSecond = second;
        first = next;
        if (listed) second = next;
    }
}
