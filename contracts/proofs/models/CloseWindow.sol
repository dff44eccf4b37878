// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

/// @dev The clock's side of I4, and I8 and I9: never more than rate * (elapsed + grace); a requested window stands; no
/// lease is finalised before its window is over; in the window nobody but the provider changes the terms.
contract CloseWindowModel {
    uint256 private constant RATE = 3;
    uint256 private constant GRACE = 60;
    uint256 private constant CLOSE_WINDOW = 1800;
    uint256 private constant END = 7200; // of a lease that starts at zero

    uint256 private time;
    uint256 private paid;
    uint256 private closeAt;
    uint256 private promised; // ghost: the first window that was requested
    bool private early; // ghost: finalised while the provider could still bring a note
    bool private forestalled; // ghost: another than the provider changed the terms inside the window
    bool private over;

    function neverAboveClock() external view {
        assert(paid <= RATE * (time + GRACE));
    }

    function windowStands() external view {
        assert(closeAt == promised && !early && !forestalled);
    }

    function wait_(uint32 secs) external {
        time += secs;
    }

    function settle(uint256 total, bool byProvider) external {
        require(!over);
        bool inWindow = (closeAt != 0 || time >= END) && time < _finalFrom(); // as the text of ILeaseMarket.settle
        require(byProvider || !_inCloseWindow()); // seeded anyone-pays-in-the-window:
        uint256 until = time < END ? time : END; // seeded clock-runs-ahead: uint256 until = time + 1;
        require(total >= paid && total <= RATE * (until + GRACE));
        paid = total;
        if (inWindow && !byProvider) forestalled = true;
    }

    function requestClose() external {
        require(!over);
        require(closeAt == 0); // seeded window-moves:
        closeAt = time + CLOSE_WINDOW;
        if (promised == 0) promised = closeAt;
    }

    function finalizeClose() external {
        require(!over);
        require(time >= _finalFrom()); // seeded finalised-early: require(time >= END || (closeAt != 0 && time >= closeAt));
        if (time < END + CLOSE_WINDOW && (promised == 0 || time < promised)) early = true;
        over = true;
    }

    function _finalFrom() private view returns (uint256 from) {
        from = END + CLOSE_WINDOW;
        if (closeAt != 0 && closeAt < from) from = closeAt;
    }

    function _inCloseWindow() private view returns (bool) {
        if (closeAt == 0 && time < END) return false;
        return time < _finalFrom();
    }
}
