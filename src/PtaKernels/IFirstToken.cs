namespace PtaKernels;

/// <summary>The part of an encoder that projection <c>byte</c> asks for (SPEC A3.3). Any number of threads may use one.</summary>
public interface IFirstToken
{
    /// <summary>The first token of the tokenization of some text from inside of a document: no space is put before it, none removed.</summary>
    /// <param name="text">Bytes; where they end or begin in the middle of a character, the tokens of what is whole, or of the bytes themselves, count.</param>
    /// <returns>Its id, or null where the encoder leaves nothing of the text.</returns>
    int? FirstToken(ReadOnlySpan<byte> text);
}
