namespace PtaKernels.Text;

/// <summary>Words of a text whose spaces are marked with ▁.</summary>
internal static class Words
{
    /// <summary>Length of the first word: its markers and what follows up to the next one.</summary>
    /// <param name="text">The text, not empty.</param>
    /// <param name="eachMarker">Each marker begins a word; else a run of them does.</param>
    public static int First(ReadOnlySpan<byte> text, bool eachMarker)
    {
        ReadOnlySpan<byte> marker = "▁"u8;
        int length = 0;
        while (text[length..].StartsWith(marker) && (length == 0 || !eachMarker))
            length += marker.Length;
        int next = text[length..].IndexOf(marker);
        return next < 0 ? text.Length : length + next;
    }
}
