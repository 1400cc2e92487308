namespace PtaKernels.Tests.Conformance;

/// <summary>An encoder whose first token is the longest ordinary token that the text starts with, the first one by id of several.</summary>
internal sealed class LongestToken(TokenVocabulary vocabulary) : IFirstToken
{
    public int? FirstToken(ReadOnlySpan<byte> text)
    {
        int best = -1;
        for (int id = 0; id < vocabulary.Count; id++)
        {
            ReadOnlySpan<byte> token = vocabulary.Bytes[id];
            if (token.Length > (best < 0 ? 0 : vocabulary.Bytes[best].Length) && text.StartsWith(token))
                best = id;
        }

        return best < 0 ? null : best;
    }
}
