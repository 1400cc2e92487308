using System.Buffers;
using System.IO.Compression;
using System.Text;
using System.Text.Json;

namespace PtaKernels.Corpus.Servers;

/// <summary>Documents as language model servers score them: JSON lines, plain or gzip, one object per document with the log-probabilities of each token's best alternatives.</summary>
/// <remarks>
/// <para>A line is a response as vLLM's server gives it, a line of its batch output (the response is then its <c>response.body</c>), vLLM's RequestOutput, or a flat object. Fields that are read:</para>
/// <list type="bullet">
/// <item><c>prompt_token_ids</c> with <c>prompt_logprobs</c>, at the top or in <c>choices[0]</c>: per token null (only the first may be), or an object from token
/// ids to <c>{"logprob", "rank"}</c> or to a number. The document is the prompt. Ask for <c>prompt_logprobs</c> and <c>return_token_ids</c>.</item>
/// <item><c>choices[0].logprobs</c> of completions: <c>tokens</c>, <c>token_logprobs</c>, <c>top_logprobs</c>. The document is these tokens; with <c>usage.prompt_tokens</c>
/// and an echo, the first so many of them. Tokens must read <c>token_id:N</c>: ask for <c>echo</c> and <c>return_tokens_as_token_ids</c>.</item>
/// <item><c>choices[0].logprobs.content</c> of chats: <c>token</c>, <c>logprob</c>, <c>top_logprobs</c> with <c>token</c> and <c>logprob</c>. The document is the answer. Tokens must read <c>token_id:N</c>.</item>
/// <item><c>outputs[0].token_ids</c> and <c>outputs[0].logprobs</c> of a RequestOutput, and the lists of <c>choices[0]</c> beside a prompt, give the prompt's last row when they name ids.</item>
/// <item>The name: <c>custom_id</c>, else <c>id</c> where the line is no response (a response's own id is another one for each model), else the line's number.</item>
/// </list>
/// <para>
/// Entry t of a server is the distribution of token t, which is row t - 1 of a document. Values are log-probabilities, so every log-sum-exp is 0; the cross-entropies
/// are those of the tokens that followed. Servers add the token itself where it is not among the best k: it is left out of the row then. k is the number of best
/// tokens that every position has, at most 64. Where a server does not say what follows the last token, the last row holds the candidates of the row before at
/// equal log-probabilities, or the only token itself: nothing reads it, a document's last row never transfers. vLLM writes -9999 for a probability of 0, which stays as it is.
/// </para>
/// </remarks>
internal sealed class ServerLines(string path) : IDocumentReader
{
    /// <summary>Bytes of the first line that are looked at to tell the file's kind.</summary>
    private const int Peek = 1 << 20;

    /// <inheritdoc/>
    public string Path => path;

    /// <inheritdoc/>
    public string Kind => "JSON-lines file of log-probabilities";

    /// <inheritdoc/>
    public IReadOnlyList<string> Splits { get; } = [""];

    /// <summary>Whether the first line of a file has a server's fields, before any field of <see cref="JsonLines"/>; reads at most 1 MiB.</summary>
    public static bool AreIn(string path)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        byte[] bytes = ArrayPool<byte>.Shared.Rent(Peek);
        try
        {
            using FileStream file = File.OpenRead(path);
            using Stream stream = path.EndsWith(".gz", StringComparison.Ordinal) ? new GZipStream(file, CompressionMode.Decompress) : file;
            return IsServers(bytes.AsSpan(0, stream.ReadAtLeast(bytes.AsSpan(0, Peek), Peek, throwOnEndOfStream: false)));
        }
        catch (Exception e) when (e is InvalidDataException or JsonException)
        {
            return false; // its reader says what is wrong with it
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(bytes);
        }
    }

    /// <inheritdoc/>
    public long? CountOf(string split) => null;

    /// <inheritdoc/>
    public string Identity => InputIdentity.OfFile(path);

    /// <inheritdoc/>
    public IEnumerable<IDocumentRecord> Read(string split, long first = 0) => LineRecord.Read(path, first, Parse);

    /// <inheritdoc/>
    public IDocumentWriter OpenOutput(OutputRequest request)
    {
        ArgumentNullException.ThrowIfNull(request);
        return new FusedJsonLines(request.Path, request.Replace);
    }

    private static bool IsServers(ReadOnlySpan<byte> bytes)
    {
        if (bytes.StartsWith(Encoding.UTF8.Preamble))
            bytes = bytes[Encoding.UTF8.Preamble.Length..];
        var json = new Utf8JsonReader(bytes, isFinalBlock: false, default);
        if (!json.Read() || json.TokenType != JsonTokenType.StartObject)
            return false;
        while (json.Read() && json.TokenType == JsonTokenType.PropertyName)
        {
            if (json.ValueTextEquals("prompt_logprobs"u8) || json.ValueTextEquals("prompt_token_ids"u8) || json.ValueTextEquals("choices"u8) || json.ValueTextEquals("outputs"u8) || json.ValueTextEquals("response"u8))
                return true;
            if (json.ValueTextEquals("input_ids"u8) || json.ValueTextEquals("per_step_logits"u8) || json.ValueTextEquals("per_step_indices"u8) || !json.Read() || !json.TrySkip())
                return false;
        }

        return false;
    }

    private static TokenizedDocument Parse(string path, NumberedLine line)
    {
        string where = LineRecord.WhereOf(path, line);
        try
        {
            using JsonDocument json = JsonDocument.Parse(PythonJson.Quote(line.Text));
            return new ServerResponse(json.RootElement, where).Document(JsonLines.DefaultIdOf(line));
        }
        catch (JsonException e)
        {
            throw new AlignmentDataException($"{where}: not whole JSON (byte {e.BytePositionInLine}); the file may be cut off, make it again.", e);
        }
    }
}
