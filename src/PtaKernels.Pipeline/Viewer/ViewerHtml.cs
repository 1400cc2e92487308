using System.Globalization;
using System.IO.Compression;
using System.Net;
using System.Text;
using System.Text.Json;
using System.Text.Json.Serialization;

namespace PtaKernels.Pipeline;

/// <summary>The viewer as a section of a page: a list of documents, each one's data compressed beside it, and one style and script for all sections of the page.</summary>
internal static class ViewerHtml
{
    private static readonly JsonSerializerOptions Compact = new()
    {
        PropertyNamingPolicy = JsonNamingPolicy.CamelCase,
        DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
    };

    private static readonly RowRule[] Rules = Enum.GetValues<RowRule>();

    /// <summary>Appends the list and the documents' data.</summary>
    public static void Append(StringBuilder page, ViewerBlock block)
    {
        page.Append("<div class=\"viewer\">\n<noscript><p class=\"warning\">The viewer of single documents needs JavaScript.</p></noscript>\n<div class=\"scroll\"><table class=\"viewer-list\">\n");
        page.Append("<thead><tr><th class=\"name\">document</th><th>target\ntokens</th><th>source\ntokens</th><th>rows that\nreceived</th><th>signal\nkept</th></tr></thead>\n<tbody>\n");
        foreach (ViewerDocument document in block.Documents)
        {
            string sources = string.Join(" + ", document.SourceTokens.Select(static tokens => Number(tokens.Length)));
            string kept = document.SignalKept is { } signal ? signal.ToString("P1", CultureInfo.InvariantCulture) : "";
            page.Append($"<tr><td class=\"name\"><button type=\"button\" class=\"viewer-open\" aria-expanded=\"false\">{WebUtility.HtmlEncode(document.Title)}</button>");
            page.Append($"<script type=\"text/plain\" class=\"viewer-data\">{Packed(document)}</script></td>");
            page.Append($"<td>{Number(document.TargetTokens.Length)}</td><td>{sources}</td><td>{Number(document.Transferred)}</td><td>{kept}</td></tr>\n");
        }

        page.Append("</tbody></table></div>\n</div>\n");
    }

    /// <summary>Appends the style, the words that the script needs, and the script; once a page, behind all sections.</summary>
    public static void AppendProgram(StringBuilder page)
    {
        string words = JsonSerializer.Serialize(new { Rules = Rules.ToDictionary(static rule => RowProvenance.LetterOf(rule).ToString(), RuleMeanings.Of), Marks = VisibleText.Legend }, Compact);
        page.Append($"<style>\n{Embedded("viewer.css")}</style>\n<script type=\"application/json\" id=\"viewer-words\">{words}</script>\n<script>\n{Embedded("viewer.js")}</script>\n");
    }

    /// <summary>A document as base64 of gzip of JSON: no text of it can end the script element that carries it.</summary>
    private static string Packed(ViewerDocument document)
    {
        using var packed = new MemoryStream();
        using (var gzip = new GZipStream(packed, CompressionLevel.SmallestSize, leaveOpen: true))
            JsonSerializer.Serialize(gzip, document, Compact);
        return Convert.ToBase64String(packed.GetBuffer(), 0, (int)packed.Length);
    }

    private static string Number(int value) => value.ToString("N0", CultureInfo.InvariantCulture);

    private static string Embedded(string name)
    {
        using Stream stream = typeof(ViewerHtml).Assembly.GetManifestResourceStream(name) ?? throw new InvalidOperationException($"{name} is not in this assembly.");
        using var reader = new StreamReader(stream);
        return reader.ReadToEnd();
    }
}
